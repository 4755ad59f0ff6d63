"""The viewer's side: starting the engine process and talking to it."""
