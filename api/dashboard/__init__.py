"""The page: static files and pinned libraries, served as they are; all it shows is the API's."""
