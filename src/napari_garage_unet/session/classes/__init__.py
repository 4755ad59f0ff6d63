"""The classes of a session, their layers and painting."""
