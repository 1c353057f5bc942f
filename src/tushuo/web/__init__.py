"""A page and a JSON API on this machine: photographs captioned, explained, searched, corrected."""
