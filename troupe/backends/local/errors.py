"""Why a state folder cannot be opened."""


class InvalidHome(Exception):
    """What lies there is no state folder, or broken; the text says what to do."""
