"""WebSub (W3C Recommendation of 23 January 2018), hub and publisher in one.

The hub distributes our own public feeds and nothing else. Import its parts from the modules:
`settings`, `hub`, `publisher`.
"""
