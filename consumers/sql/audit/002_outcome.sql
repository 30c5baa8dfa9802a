-- Whoever counts may see which events were disclosed, so that an event with two copies counts once; not about whom.

grant select (event) on audit.disclosure to inspector;
comment on table audit.refusal is
    'How many events a recipient did not get and why; those about a person stand one by one in the segment.';
