"""What other programs are promised: the document, clients, keys, records."""
