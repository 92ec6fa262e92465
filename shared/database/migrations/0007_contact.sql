-- +goose Up

-- Whom voice, SMS and e-mail reach. Rules name contacts by their id alone.
create table contact (
  id        text   not null primary key,
  name      text   not null,
  phone     text   not null, -- E.164: +8613800138000; empty: none, as all that follows
  email     text   not null,
  language  text   not null, -- zh, en; empty: the target's
  zone      text   not null, -- IANA name; empty: the deployment's
  dingtalk  text   not null, -- ids at the chat receivers
  wecom     text   not null,
  lark      text   not null,
  pai_user  text   not null, -- id or name of a PAI user
  note      text   not null,
  names     text   not null, -- lower case, what anybody may search: name, id, PAI user
  addresses text   not null, -- lower case, what only editors may search: the rest
  revision  bigint not null, -- contact_book's changes when it was last changed
  created   bigint not null, -- milliseconds since 1970
  updated   bigint not null
);
create index contact_list on contact (name, id);
create unique index contact_owner on contact (pai_user) where pai_user <> '';

-- One row, which every change of contacts locks and counts up.
create table contact_book (
  id      bigint not null primary key,
  changes bigint not null
);
insert into contact_book (id, changes) values (1, 0);

-- Test messages of the last day.
create table contact_test (
  id      bigint not null primary key, -- contact_book's changes
  contact text   not null,
  at      bigint not null
);
create index contact_test_at on contact_test (contact, at);

-- +goose Down
drop table contact_test;
drop table contact_book;
drop table contact;
