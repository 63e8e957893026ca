"""Notifications of runs that are over: what they say, and where they go."""
