modus_test(autodiff/math)
