"""HTTP: resources, the live stream and the page."""
