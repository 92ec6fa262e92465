-- +goose Up

-- Why a delivery waits until it is due, as package ledger names it; '': nobody noted it.
alter table delivery add column why text not null default '';

-- +goose Down
alter table delivery drop column why;
