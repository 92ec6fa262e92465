-- +goose Up

-- Since when a key of SEAL_KEYS that does not seal any more is used by nothing.
create table seal_key (
  id     text   not null primary key,
  ever   bigint not null, -- 1: something was sealed by it
  unused bigint not null  -- 0: something is; else since when nothing is
);

-- +goose Down
drop table seal_key;
