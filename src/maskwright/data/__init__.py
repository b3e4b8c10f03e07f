"""Images and masks together: samples, data sets, splits, the mask doctor, fingerprints."""
