// Nothing but the precompiled header of what handles JSON.
