-- +goose Up
-- 1: a digest that this delivery was part of was refused for its content, so it is only told alone.
alter table delivery add column alone bigint not null default 0;
