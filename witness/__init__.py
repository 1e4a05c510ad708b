"""A port's own witness of the audit log: it cosigns, mirrors, raises alarms. It shares no code with the gateway."""
