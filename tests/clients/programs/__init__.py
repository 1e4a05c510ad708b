"""One program for each client, in the client's own language: a task on standard input, a report on standard output."""
