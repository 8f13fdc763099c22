"""The application: spec files, exact dual losses with certificates, their checker, the command."""
