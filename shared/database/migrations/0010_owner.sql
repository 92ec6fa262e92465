-- +goose Up

-- Who may see what a delivery is about, beside administrators: id of a PAI user; '*': everybody; '': nobody knows, as of
-- deliveries that are older than this.
alter table delivery add column owner text not null default '';

-- +goose Down
alter table delivery drop column owner;
