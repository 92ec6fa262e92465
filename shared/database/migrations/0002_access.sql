-- +goose Up
-- API keys. The key itself is nowhere: hash is the hexadecimal SHA-256 of it. Times are milliseconds since 1970.
create table api_key (
  id         text   not null primary key, -- the part of the key that may be shown
  hash       text   not null,
  name       text   not null,
  role       text   not null,             -- viewer, editor, admin
  workspaces text   not null,             -- JSON list of workspace names; empty means all
  pai_user   text   not null,             -- the PAI user whose jobs "created by me" means; may be empty
  created    bigint not null,
  last_used  bigint not null              -- to the minute; 0 means never
);

-- Bootstrap tokens that were used: a row here is what makes a token dead.
create table bootstrap (
  hash    text   not null primary key,
  used    bigint not null,
  api_key text   not null
);

-- +goose Down
drop table bootstrap;
drop table api_key;
