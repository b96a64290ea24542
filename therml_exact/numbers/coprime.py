"""Coprime bases: multiplicative relations between big integers, decided without factoring them.

A coprime base of positive integers n_1, ..., n_m is a set B of pairwise coprime integers > 1 such that every
n_k is a product of powers of its elements. With it

    prod_k n_k^{c_k} = 1    iff    sum_k c_k v_b(n_k) = 0  for every b in B,

because powers of pairwise coprime integers are multiplicatively independent. Only greatest common divisors and
multiplications are needed, so the cost is nearly linear in the number of bits: the divide-and-conquer scheme of
D. J. Bernstein, "Factoring into coprimes in essentially linear time" (2005), with product trees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import fmpz


@dataclass(frozen=True, slots=True)
class _Node:
    """A node of a product tree: the product of the leaves below it."""

    product: fmpz
    children: tuple[_Node, ...]


def _product_tree(leaves: Sequence[fmpz]) -> _Node:
    level = [_Node(n, ()) for n in leaves]
    while len(level) > 1:
        pairs = [(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        odd = level[-1:] if len(level) % 2 else []
        level = [_Node(a.product * b.product, (a, b)) for a, b in pairs] + odd
    return level[0]


def _part_inside(n: fmpz, m: fmpz) -> fmpz:
    """The largest divisor of n whose prime factors all divide m."""
    shared = n.gcd(m % n)
    if shared == 1 or shared == n:
        return shared
    # shared^(2^k) with 2^k >= log2 n contains every prime of m to at least the power n has it.
    bits = 1
    while bits < n.bit_length():
        shared = shared * shared % n
        bits *= 2
    return n.gcd(shared)


def _pair(a: fmpz, b: fmpz) -> list[fmpz]:
    """The coprime base of two integers, by repeated greatest common divisors."""
    base: list[fmpz] = []
    stack = [(a, b)]
    while stack:
        a, b = stack.pop()
        if a == 1 or b == 1:
            base.extend(n for n in (a, b) if n > 1)
            continue
        g = a.gcd(b)
        if g == 1:
            base.extend((a, b))
            continue
        # a/g and g are refined first; what they leave is then refined against b/g.
        rest = b // g
        for part in _pair(a // g, g) if a != g else [g]:
            shared = _part_inside(rest, part) if rest > 1 else rest
            rest //= shared
            if shared > 1:
                stack.append((part, shared))
            else:
                base.append(part)
        if rest > 1:
            base.append(rest)
    return base


def _split(n: fmpz, tree: _Node) -> list[tuple[fmpz, fmpz]]:
    """The part of n inside each leaf of the tree, as pairs (leaf, part), in the leaves' order."""
    inside = _part_inside(n, tree.product) if n > 1 else n
    if not tree.children:
        return [(tree.product, inside)]
    return [pair for child in tree.children for pair in _split(inside, child)]


def _extend(base: list[fmpz], n: fmpz) -> list[fmpz]:
    """A coprime base of base and n, where base is coprime already."""
    if n == 1:
        return base
    if not base:
        return [n]
    tree = _product_tree(base)
    inside = _part_inside(n, tree.product)
    extended = [n // inside] if n != inside else []
    for leaf, part in _split(inside, tree):
        extended.extend(_pair(leaf, part))
    return extended


def _touching(tree: _Node, m: fmpz) -> set[fmpz]:
    """The leaves that share a factor with m."""
    if tree.product.gcd(m % tree.product) == 1:
        return set()
    if not tree.children:
        return {tree.product}
    return {leaf for child in tree.children for leaf in _touching(child, m)}


def _merge(left: list[fmpz], right: list[fmpz]) -> list[fmpz]:
    """A coprime base of the union of two coprime bases.

    Only elements that share a factor with the other side need work. Each bit of their positions on the right splits
    them in two products; after all bits every pair has been told apart, so twice log2 of their number of extensions do.
    """
    left_tree, right_tree = _product_tree(left), _product_tree(right)
    left_hit, right_hit = _touching(left_tree, right_tree.product), _touching(right_tree, left_tree.product)
    free = [n for n in left if n not in left_hit] + [n for n in right if n not in right_hit]
    base, known = list(left_hit), sorted(right_hit - left_hit)
    if left_hit == right_hit:
        return free + base
    for bit in range(max(1, (len(known) - 1).bit_length())):
        for value in (0, 1):
            chosen = [n for k, n in enumerate(known) if (k >> bit & 1) == value]
            if chosen:
                base = _extend(base, _product_tree(chosen).product)
    return free + base


def coprime_base(numbers: Iterable[int]) -> tuple[int, ...]:
    """The coprime base of positive integers, sorted. Ones are passed over; an empty base is ()."""
    distinct = sorted(set(numbers))
    if distinct and distinct[0] < 1:
        raise ValueError("a coprime base is defined for positive integers only")
    bases = [[fmpz(n)] for n in distinct if n > 1]
    if not bases:
        return ()
    while len(bases) > 1:
        merged = [_merge(bases[i], bases[i + 1]) for i in range(0, len(bases) - 1, 2)]
        bases = merged + (bases[-1:] if len(bases) % 2 else [])
    return tuple(sorted(int(n) for n in bases[0]))


def valuations(numbers: Sequence[int], base: Sequence[int]) -> list[dict[int, int]]:
    """For each number n its exponents {b: v_b(n)} over a coprime base of which it is a product."""
    if not base:
        return [{} for _ in numbers]
    tree = _product_tree([fmpz(b) for b in base])
    return [_exponents(fmpz(n), tree) for n in numbers]


def _exponents(n: fmpz, tree: _Node) -> dict[int, int]:
    exponents: dict[int, int] = {}
    stack = [tree]
    while stack:
        node = stack.pop()
        if n.gcd(node.product % n) == 1:
            continue
        if node.children:
            stack.extend(node.children)
            continue
        b, count = node.product, 0
        while n % b == 0:
            n //= b
            count += 1
        if count:
            exponents[int(b)] = count
    if n != 1:
        raise ValueError("the base does not generate the number: one of its elements shares a part with it")
    return exponents
