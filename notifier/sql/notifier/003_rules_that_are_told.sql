-- A rule with nothing to tell is not among the rules of a notice: the letter leaves it out as well.
create or replace view notifier.notices as
    select n.notice, n.state, n.channel, n.recipient_id as recipient, n.language, n.side, n.quarter, n.sequence,
           n.reason, n.created_at,
           (select coalesce(array_agg(distinct f.rule order by f.rule), '{}')
              from notifier.telling t join notifier.finding f using (finding, version)
             where t.notice = n.notice and t.tells <> 'nothing') as rules,
           (select coalesce(array_agg(t.finding order by t.finding), '{}')
              from notifier.telling t
             where t.notice = n.notice and t.tells <> 'nothing') as findings
      from notifier.notice n;

-- When the mail server last took a mail; asked before a notice that it does not take goes out as a letter.
create index notice_state_mail_taken on notifier.notice_state (at) where state = 'handed over' and channel = 'e-mail';
