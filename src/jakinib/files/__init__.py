"""Files of every kind: how they are read, written and kept while work goes on."""
