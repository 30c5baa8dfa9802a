"""Typed twins of the contracts that code builds or reads field by field, for records as this version writes them.

The disclosure log also keeps records of earlier versions, which lack fields: it reads them as plain dictionaries.
"""
