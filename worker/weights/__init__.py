"""Where models come from: installed packages, or the hub."""
