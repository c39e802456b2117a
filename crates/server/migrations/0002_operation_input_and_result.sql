-- What an operation was asked with and what it found, as JSON text.
alter table operations add column input text;
alter table operations add column result text;
