"""Other people's clients of every transport, whose connections are cut."""
