"""Models as JavaScript modules that run in a browser or in Node without anything else."""

from jakinib.export.javascript.module import integrator_text, model_text, to_javascript

__all__ = ["integrator_text", "model_text", "to_javascript"]
