"""The hub under attack: does anybody who behaves well notice?"""
