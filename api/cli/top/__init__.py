"""`homeostat top`: the installation in a terminal, live."""
