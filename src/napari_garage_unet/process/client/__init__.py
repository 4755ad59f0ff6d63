"""The viewer's side of the engine process: starting it and talking to it."""
