// Everything: `import modus;`.
export module modus;

export import modus.autodiff;
export import modus.distributions;
export import modus.effects;
export import modus.handlers;
export import modus.infer;
export import modus.reparam;
export import modus.support;
