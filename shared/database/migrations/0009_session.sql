-- +goose Up

alter table api_key add column expires bigint not null default 0; -- 0: never
alter table api_key add column revoked bigint not null default 0; -- 0: not
alter table api_key add column made_by text not null default '';  -- who made it, as audit.who; '': the bootstrap token

-- Who is signed in to the console. The cookie's token is nowhere: id is the hexadecimal SHA-256 of it.
create table session (
  id         text   not null primary key,
  api_key    text   not null, -- whose rights it has, as they are at each request; '': those that follow
  who        text   not null, -- of a sign-in through an identity provider: a hash of issuer and subject
  name       text   not null,
  role       text   not null,
  workspaces text   not null, -- JSON list; empty means all
  pai_user   text   not null,
  created    bigint not null,
  used       bigint not null, -- to the minute
  ends       bigint not null
);
create index session_ends on session (ends);
create index session_who on session (who, created);

-- Sign-ins that went to the identity provider and are not back yet. id is the SHA-256 of the cookie's token.
create table sign_in (
  id       text   not null primary key,
  state    text   not null,
  nonce    text   not null,
  verifier text   not null, -- of PKCE
  ends     bigint not null
);

-- What was changed, by whom. Rows are added and never changed: each holds a hash over itself and the row before it.
create table audit (
  n         bigint not null primary key,
  at        bigint not null,
  who       text   not null, -- id of the key, or of who signed in
  name      text   not null,
  role      text   not null,
  via       text   not null, -- key, session, provider, bootstrap
  address   text   not null, -- where the request came from
  request   text   not null,
  action    text   not null, -- such as rule.replace
  workspace text   not null,
  object    text   not null,
  outcome   text   not null, -- begun, done, failed
  code      text   not null, -- of a failure
  before    text   not null, -- JSON, without secrets; '': nothing
  after     text   not null,
  hash      text   not null
);
create index audit_workspace on audit (workspace, n);
create table audit_head (
  id   bigint not null primary key,
  n    bigint not null,
  hash text   not null
);
insert into audit_head (id, n, hash) values (1, 0, '');

-- What callers may do only so often: theoretical arrival times, as of GCRA.
create table allowance (
  name text   not null primary key,
  tat  bigint not null
);

-- +goose Down
drop table allowance;
drop table audit_head;
drop table audit;
drop table sign_in;
drop table session;
alter table api_key drop column made_by;
alter table api_key drop column revoked;
alter table api_key drop column expires;
