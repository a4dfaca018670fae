"""The guide: pages of Markdown, read on a forge, in a terminal and in a browser."""
