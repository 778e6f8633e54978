"""Alembic's door: runs the state's migrations on the connection that `storage.state` opened."""

from alembic import context

from storage.state_schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
