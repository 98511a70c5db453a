"""The formats of the record, letter for letter those of C2SP: https://c2sp.org.

Each specification is a module. Nothing here knows a framework, a network, a database, a clock or chance: times and
seeds are arguments, and whoever calls does the reading and the writing. Text or bytes that are not in their format are
`Malformed`; what is well written and does not fit is `InvalidProof` or `NotVerified`.
"""
