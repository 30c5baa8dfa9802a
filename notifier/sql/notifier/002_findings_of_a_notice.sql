-- Whoever is asked about a notice can have its findings explained: their identifiers say nothing of the person.
create or replace view notifier.notices as
    select n.notice, n.state, n.channel, n.recipient_id as recipient, n.language, n.side, n.quarter, n.sequence,
           n.reason, n.created_at,
           (select coalesce(array_agg(distinct f.rule order by f.rule), '{}')
              from notifier.telling t join notifier.finding f using (finding, version)
             where t.notice = n.notice) as rules,
           (select coalesce(array_agg(t.finding order by t.finding), '{}')
              from notifier.telling t
             where t.notice = n.notice and t.tells <> 'nothing') as findings
      from notifier.notice n;
