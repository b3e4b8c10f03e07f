"""The parts networks are made of; torch starts here."""
