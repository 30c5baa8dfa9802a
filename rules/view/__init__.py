"""What a rule sees of a person: worker lines, one quarter, several quarters; and which fields that takes."""
