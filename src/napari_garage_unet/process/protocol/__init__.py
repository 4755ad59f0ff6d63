"""Messages and shared arrays that viewer and engine exchange."""
