"""The census of a problem: its strata, ladders, events and branches, with picture and table.

===============  ==============================================================
``run``          all strata examined, in processes and from a store
``document``     the census as JSON
``report``       the table for people
``picture``      branches, ℓ*, events and the step function
===============  ==============================================================
"""
