"""Mutation tests of the two halves that watch each other: `rewrite`, which puts the guards in, and `verify`.

- `richer.py`: a world with every kind of rule and mask, and the pairs (query, decision) that all tests here use;
- `twins.py`: what each row of a port may show, and pairs of databases that differ only in what may not be seen;
- `source.py`: mutants of the rewriter's own source; `trees.py`: mutants of the text it makes;
- `test_source_mutants.py`, `test_output_mutants.py`, `test_properties.py`: the tests.

The question is always the same: a mutant that changes what is released must be caught. "Released" is judged by data:
a text releases nothing else if its answer is the same in two databases that differ only in what is hidden.
"""
