"""The actions of a host, a file each; `registry` names them."""
