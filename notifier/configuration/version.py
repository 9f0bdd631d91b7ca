"""The version of the configuration's own form."""

VERSION = 1
