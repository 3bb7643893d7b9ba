"""What runs inside the sandbox for Python: it loads the program, evaluates what it is asked and sends what came out."""
