"""Do runs of one sitting agree as their intervals say, and what differs between sittings?"""
