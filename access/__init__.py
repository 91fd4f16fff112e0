"""Who may do what, who sees whom, and which positions an order lets anybody see. Pure."""
