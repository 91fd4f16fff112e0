"""What the centre says about a person to others: breach cases and their clocks, packs, sheets, measures, crime matches."""
