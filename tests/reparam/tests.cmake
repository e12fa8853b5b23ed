modus_test(reparam/properties)
modus_test(reparam/reparam)
