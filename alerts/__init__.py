"""What people must look at: violations become alerts here."""
