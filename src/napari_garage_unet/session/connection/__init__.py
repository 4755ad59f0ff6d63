"""The session's connection to the engine process."""
