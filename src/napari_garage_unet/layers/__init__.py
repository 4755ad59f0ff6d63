"""napari layers on one side, the engine's values on the other. Never Qt."""
