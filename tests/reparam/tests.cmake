modus_test(reparam/reparam)
