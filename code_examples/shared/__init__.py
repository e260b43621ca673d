"""What several areas share, which no page shows by itself."""
