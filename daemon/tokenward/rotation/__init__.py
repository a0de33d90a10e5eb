"""The rotation engine: what came in, what it leads to, and how a rotation moves, durably.

``intake`` takes events, ``engine`` decides them one after the other by the policy, ``plan`` chooses a rotation's next
move from evidence, ``step`` records the move and carries it out, ``worker`` keeps all of it going. ``ports`` says
what is needed of the world. No SQL, no HTTP and no product's name stands here.
"""
