"""The data of every event and command, a file a subject; `registry` knows them all."""
